<?php
/**
 * Plugin Name: Diffuse: messages to acknowledge
 * Description: Shows employees what waits for their confirmation: as a block, or by the shortcode [diffuse_pending].
 * Version: 1.0.0
 * Requires at least: 6.1
 * Requires PHP: 7.4
 * License: Apache-2.0
 * License URI: https://www.apache.org/licenses/LICENSE-2.0
 *
 * Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in
 * compliance with the License. You may obtain a copy of the License at the address above. Unless required by
 * applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS"
 * BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 *
 * Two lines in wp-config.php say whom to ask:
 *
 *     define('DIFFUSE_URL', 'https://diffuse.example.org');    // base_url
 *     define('DIFFUSE_TOKEN', '…');                            // api_token; keep the file to the web server
 *
 * PHP asks for the employee whose address the signed-in account has: accounts must come from the organisation's
 * directory, and nobody may change their own address. No script, no cookie and no address of diffuse's reaches
 * browsers but the links of the messages; these are the employee's own, so pages with this list are not cached.
 *
 * @package Diffuse
 */

defined( 'ABSPATH' ) || exit;

const DIFFUSE_PENDING_KEPT    = MINUTE_IN_SECONDS;
const DIFFUSE_PENDING_TIMEOUT = 3; // Seconds; a page of the intranet waits no longer.

/**
 * Return what waits for the person who is signed in; null when nobody is, or when nobody can tell.
 *
 * @return array|null 'says', and 'messages' with 'title', 'policy', 'language' and 'url'.
 */
function diffuse_pending_told() {
	$person = wp_get_current_user();
	if ( ! $person->exists() || ! is_email( $person->user_email ) || ! defined( 'DIFFUSE_URL' ) || ! defined( 'DIFFUSE_TOKEN' ) ) {
		return null;
	}
	$language = 0 === strpos( determine_locale(), 'fr' ) ? 'fr' : 'en';
	// The address is a part of the name: what one account was told is never shown to another.
	$name = 'diffuse_pending_' . md5( $person->ID . '|' . strtolower( $person->user_email ) . '|' . $language );
	$kept = get_transient( $name );
	if ( is_array( $kept ) ) {
		return isset( $kept['messages'] ) ? $kept : null;
	}
	$told = diffuse_pending_asked( $person->user_email, $language );
	set_transient( $name, null === $told ? array() : $told, DIFFUSE_PENDING_KEPT );
	return $told;
}

/**
 * Ask the service; null when it is away, or does not know the address.
 *
 * @param string $address  The employee's.
 * @param string $language 'fr' or 'en'.
 * @return array|null As above.
 */
function diffuse_pending_asked( $address, $language ) {
	$answer = wp_remote_post(
		untrailingslashit( DIFFUSE_URL ) . '/api/pending',
		array(
			'timeout'     => DIFFUSE_PENDING_TIMEOUT,
			'redirection' => 0, // The token goes to that address and nowhere else.
			'headers'     => array(
				'Authorization' => 'Bearer ' . DIFFUSE_TOKEN,
				'Content-Type'  => 'application/json',
			),
			'body'        => wp_json_encode(
				array(
					'employee' => $address,
					'language' => $language,
				)
			),
		)
	);
	if ( is_wp_error( $answer ) || 200 !== wp_remote_retrieve_response_code( $answer ) ) {
		return null;
	}
	$told = json_decode( wp_remote_retrieve_body( $answer ), true );
	if ( ! is_array( $told ) || ! isset( $told['says'], $told['messages'] ) || ! is_string( $told['says'] ) || ! is_array( $told['messages'] ) ) {
		return null;
	}
	return $told;
}

/**
 * Lay the list out; nothing for visitors, and nothing while the service is away.
 *
 * @return string HTML.
 */
function diffuse_pending_html() {
	$told = diffuse_pending_told();
	if ( null === $told ) {
		return '';
	}
	if ( ! defined( 'DONOTCACHEPAGE' ) ) {
		define( 'DONOTCACHEPAGE', true ); // Caches of pages heed it: this one is somebody's own.
	}
	$site  = substr( determine_locale(), 0, 2 );
	$items = '';
	foreach ( $told['messages'] as $one ) {
		$one = is_array( $one ) ? array_filter( $one, 'is_string' ) : array();
		if ( ! isset( $one['title'], $one['url'], $one['policy'], $one['language'] ) ) {
			continue;
		}
		$lang   = $one['language'] === $site ? '' : ' lang="' . esc_attr( $one['language'] ) . '"';
		$items .= '<li' . $lang . '><a href="' . esc_url( $one['url'], array( 'https', 'http' ) ) . '">' . esc_html( $one['title'] ) . '</a>'
			. ' <span class="diffuse-pending-policy">' . esc_html( $one['policy'] ) . '</span></li>';
	}
	$label = 'fr' === $site ? 'Messages à confirmer' : 'Messages to acknowledge';
	return '<section class="diffuse-pending" aria-label="' . esc_attr( $label ) . '">'
		. '<p>' . esc_html( $told['says'] ) . '</p>'
		. ( '' === $items ? '' : '<ul>' . $items . '</ul>' )
		. '</section>';
}

add_action(
	'init',
	static function () {
		add_shortcode( 'diffuse_pending', 'diffuse_pending_html' );
		// The block's picture in the editor comes from the server, so nothing has to be built.
		wp_register_script( 'diffuse-pending', false, array( 'wp-blocks', 'wp-element', 'wp-server-side-render' ), '1.0.0', true );
		wp_add_inline_script(
			'diffuse-pending',
			"wp.blocks.registerBlockType('diffuse/pending', { edit: function () {"
			. " return wp.element.createElement(wp.serverSideRender, { block: 'diffuse/pending' }); } });"
		);
		register_block_type(
			'diffuse/pending',
			array(
				'api_version'           => 2,
				'title'                 => 'fr' === substr( determine_locale(), 0, 2 ) ? 'Messages à confirmer' : 'Messages to acknowledge',
				'category'              => 'widgets',
				'icon'                  => 'yes-alt',
				'editor_script_handles' => array( 'diffuse-pending' ),
				'render_callback'       => 'diffuse_pending_html',
			)
		);
	}
);
