"""The addresses of webhooks: which parts of them are secret."""

import pytest

from diffuse.adapters.platforms.hook import secrets_of


@pytest.mark.parametrize(
    ("url", "secret", "shown"),
    [
        ("https://hooks.slack.com/services/T0AB/B0CD/aBcDeFgH1", ["aBcDeFgH1"], ["hooks.slack.com"]),
        (
            "https://a1.logic.azure.com:443/workflows/5f0c9b1e/invoke?sp=%2Ftriggers&sig=aB%2Bc-D_eF",
            ["5f0c9b1e", "aB%2Bc-D_eF", "aB+c-D_eF"],
            ["a1.logic.azure.com", "workflows", "invoke", "443"],
        ),
        ("https://chat.ul.test/hooks/abcdefghijklmnopqrstuvwxyz", ["abcdefghijklmnopqrstuvwxyz"], ["hooks"]),
        ("https://marie:s3cret@ul.test/", ["marie", "s3cret"], ["ul.test", "/"]),
        ("tgram://123456789:AbCdEf/98765432", ["123456789", "AbCdEf"], []),
        ("pover://marie@u5er7oken", ["u5er7oken"], []),
    ],
)
def test_whatever_may_be_a_token_is_secret(url: str, secret: list[str], shown: list[str]) -> None:
    found = secrets_of(url)
    assert url in found
    assert not set(secret) - set(found)
    assert not set(shown) & set(found)
    assert "" not in found
    assert sorted(found, key=len, reverse=True) == list(found)
