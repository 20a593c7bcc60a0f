"""L’exercice annuel de la cellule de crise : une campagne écrite en Python.

``diffuse check campaigns/crisis_rehearsal.py`` lit la variable ``campaign`` qui suit.
"""

from datetime import date, time

from diffuse import (
    Answer,
    Audience,
    ByLanguage,
    Campaign,
    KeyPoint,
    Period,
    Policy,
    Question,
    Schedule,
    SendWindow,
    Text,
    Variant,
)

hold_the_morning = KeyPoint(
    id="rehearsal-hold-the-morning",
    says=ByLanguage(
        fr="L’exercice de crise a lieu le 4 mars 2027, de 9 h à midi.",
        en="The crisis rehearsal takes place on March 4, 2027, from 9 a.m. to noon.",
    ),
    variants=(
        Variant(
            register="advice",
            texts=ByLanguage(
                fr=Text(
                    subject="Une matinée à réserver pour la cellule de crise",
                    action="Bloquez dans votre agenda la matinée du 4 mars 2027.",
                    body=(
                        "Une fois l’an, la cellule de crise se réunit pour une crise inventée. Pendant trois heures, "
                        "de faux billets arrivent, de faux journalistes téléphonent, et chaque membre tient son rôle "
                        "pour vrai.\n\n"
                        "Le prochain exercice a lieu **le jeudi 4 mars 2027, de 9 h à midi**. Aucune préparation "
                        "n’est nécessaire, mais votre présence l’est : un rôle vide fausse l’exercice des autres."
                    ),
                ),
                en=Text(
                    subject="A morning to set aside for the crisis cell",
                    action="Block the morning of March 4, 2027, in your calendar.",
                    body=(
                        "Once a year, the crisis cell meets for a crisis that nobody has had. For three hours, made-up "
                        "posts come in, made-up reporters call, and everyone plays their own role for real.\n\n"
                        "The next rehearsal is **Thursday, March 4, 2027, from 9 a.m. to noon**. There is nothing to "
                        "prepare, but you do need to be there: an empty role spoils the exercise for the others."
                    ),
                ),
            ),
        ),
        Variant(
            register="legal",
            texts=ByLanguage(
                fr=Text(
                    subject="Convocation : exercice annuel du 4 mars 2027",
                    action="Confirmez votre présence, ou le nom de la personne qui vous remplace.",
                    body=(
                        "La présente tient lieu de convocation. Le cadre de gouvernance des médias sociaux prévoit que "
                        "la cellule de crise tient un exercice chaque année et que tous ses membres y prennent part.\n\n"
                        "L’exercice a lieu le 4 mars 2027, de 9 h à 12 h. Un membre qui ne peut être présent désigne "
                        "une personne pour le remplacer et en avise la personne qui dirige la cellule."
                    ),
                ),
                en=Text(
                    subject="Notice of meeting: rehearsal of March 4, 2027",
                    action="Confirm that you will attend, or the name of the person who replaces you.",
                    body=(
                        "This is your notice of meeting. The social media governance framework requires the crisis cell "
                        "to hold a rehearsal every year, and all of its members to take part.\n\n"
                        "The rehearsal takes place on March 4, 2027, from 9 a.m. to 12 p.m. A member who cannot attend "
                        "names a replacement and informs the head of the cell."
                    ),
                ),
            ),
        ),
    ),
)

know_your_card = KeyPoint(
    id="rehearsal-know-your-card",
    says=ByLanguage(
        fr="Relisez votre fiche de rôle avant l’exercice.", en="Reread your role card before the rehearsal."
    ),
    variants=(
        Variant(
            register="advice",
            texts=ByLanguage(
                fr=Text(
                    subject="Votre fiche de rôle tient sur une page",
                    action="Relisez votre fiche et notez une question à poser à la cellule.",
                    body=(
                        "Qui prévenez-vous en premier? Que pouvez-vous décider sans demander? À qui passez-vous le "
                        "relais le soir? Votre fiche répond à ces trois questions.\n\n"
                        "Relisez-la maintenant, à tête reposée. Si une réponse vous étonne, ou si un numéro a changé, "
                        "c’est le moment de le dire : le jour de l’exercice, il sera trop tard pour la corriger."
                    ),
                ),
                en=Text(
                    subject="Your role card fits on one page",
                    action="Reread your card and note one question for the cell.",
                    body=(
                        "Whom do you call first? What may you decide without asking? Who takes over from you in the "
                        "evening? Your card answers these three questions.\n\n"
                        "Reread it now, while things are calm. If an answer surprises you, or a number has changed, "
                        "this is the time to say so: on the day of the rehearsal it will be too late to fix it."
                    ),
                ),
            ),
        ),
        Variant(
            register="legal",
            texts=ByLanguage(
                fr=Text(
                    subject="Attributions des membres de la cellule de crise",
                    action="Vérifiez que votre fiche porte votre nom et celui de votre substitut.",
                    body=(
                        "Chaque membre exerce les attributions que décrit sa fiche de rôle, et aucune autre. La "
                        "personne qui dirige la cellule décide; la personne désignée comme porte-parole s’exprime "
                        "seule au nom de l’Université.\n\n"
                        "Pendant l’exercice, ces attributions s’appliquent comme lors d’une crise réelle, à ceci près "
                        "qu’aucun message n’est publié ni transmis à l’extérieur de l’Université."
                    ),
                ),
                en=Text(
                    subject="Powers of the members of the crisis cell",
                    action="Check that your card bears your name and that of your substitute.",
                    body=(
                        "Each member exercises the powers set out on their role card, and no others. The head of the "
                        "cell decides; the designated spokesperson alone speaks on behalf of the University.\n\n"
                        "During the rehearsal these powers apply as they would in a real crisis, except that no message "
                        "is published or sent outside the University."
                    ),
                ),
            ),
        ),
    ),
    question=Question(
        asks=ByLanguage(
            fr="Pendant l’exercice, qui peut s’exprimer au nom de l’Université?",
            en="During the rehearsal, who may speak on behalf of the University?",
        ),
        answers=(
            Answer(
                says=ByLanguage(fr="Tout membre de la cellule", en="Any member of the cell"),
                feedback=ByLanguage(
                    fr="Non. Deux voix, même d’accord, donnent deux versions à citer.",
                    en="No. Two voices, even in agreement, give two versions to quote.",
                ),
            ),
            Answer(
                says=ByLanguage(
                    fr="La personne désignée comme porte-parole, seule",
                    en="The designated spokesperson, alone",
                ),
                right=True,
                feedback=ByLanguage(
                    fr="Oui. Les autres membres lui transmettent les questions qu’ils reçoivent.",
                    en="Yes. The other members pass on to that person the questions that they receive.",
                ),
            ),
            Answer(
                says=ByLanguage(
                    fr="La personne qui a vu la crise en premier", en="The person who saw the crisis first"
                ),
                feedback=ByLanguage(
                    fr="Non. Cette personne alerte la cellule; elle ne parle pas en son nom.",
                    en="No. That person alerts the cell; they do not speak for it.",
                ),
            ),
        ),
    ),
)

write_the_lessons = KeyPoint(
    id="rehearsal-write-the-lessons",
    says=ByLanguage(
        fr="Après l’exercice, chaque membre écrit une chose à changer.",
        en="After the rehearsal, each member writes down one thing to change.",
    ),
    acknowledge=False,
    variants=(
        Variant(
            register="advice",
            texts=ByLanguage(
                fr=Text(
                    subject="Une chose à changer, pendant qu’elle est fraîche",
                    action="Envoyez en une phrase, à la personne qui dirige la cellule, ce que vous changeriez.",
                    body=(
                        "Un exercice qui se passe bien n’apprend pas grand-chose. Ce qui a coincé, si : un mot de passe "
                        "introuvable, deux personnes qui répondent au même journaliste, un texte relu par cinq "
                        "collègues.\n\n"
                        "Nul besoin d’un rapport. Une phrase par membre suffit, et la liste sert d’ordre du jour à la "
                        "prochaine rencontre."
                    ),
                ),
                en=Text(
                    subject="One thing to change, while it is fresh",
                    action="Send the head of the cell, in one sentence, the thing that you would change.",
                    body=(
                        "A rehearsal that goes smoothly teaches little. What got stuck does teach: a password nobody "
                        "could find, two people answering the same reporter, a text reread by five colleagues.\n\n"
                        "No report is needed. One sentence from each member is enough, and the list becomes the agenda "
                        "of the next meeting."
                    ),
                ),
            ),
        ),
        Variant(
            register="legal",
            texts=ByLanguage(
                fr=Text(
                    subject="Bilan de l’exercice annuel",
                    action="Transmettez votre constat par écrit à la personne qui dirige la cellule.",
                    body=(
                        "L’exercice donne lieu à un bilan écrit, auquel chaque membre contribue par au moins un "
                        "constat. Le bilan porte sur la manière de faire, jamais sur le mérite des personnes.\n\n"
                        "La personne qui dirige la cellule le dépose auprès du Secrétariat général et propose, s’il y "
                        "a lieu, une modification au cadre de gouvernance."
                    ),
                ),
                en=Text(
                    subject="Report on the annual rehearsal",
                    action="Send your finding in writing to the head of the cell.",
                    body=(
                        "The rehearsal is followed by a written report, to which each member contributes at least one "
                        "finding. The report deals with how things were done, never with the merit of individuals.\n\n"
                        "The head of the cell files it with the Office of the Secretary General and, where needed, "
                        "proposes a change to the governance framework."
                    ),
                ),
            ),
        ),
    ),
)

campaign = Campaign(
    id="crisis-rehearsal",
    title=ByLanguage(fr="Exercice annuel de la cellule de crise", en="Annual rehearsal of the crisis cell"),
    owner="Marie-Ève Tremblay <marie-eve.tremblay@universite.example>",
    languages=("fr", "en"),
    starts=date(2027, 2, 8),
    ends=date(2027, 3, 26),
    holidays="CA-QC",
    send_window=SendWindow(opens=time(9), closes=time(16, 30)),
    schedule=Schedule(
        intervals=(Period(), Period(days=10)),
        introduce_every=Period(days=13),
        resend_unopened_after=Period(days=3),
        max_resends=2,
    ),
    max_messages_per_week=4,
    audiences=(Audience(id="crisis-cell", roles=("crisis-cell",)),),
    policies=(
        Policy(
            id="crisis-rehearsal",
            title=ByLanguage(
                fr="Exercice annuel de la cellule de crise", en="Annual rehearsal of the crisis cell"
            ),
            version="2027",
            link=ByLanguage(
                fr="https://intranet.universite.example/cellule-de-crise/exercice",
                en="https://intranet.universite.example/en/crisis-cell/rehearsal",
            ),
            audience="crisis-cell",
            key_points=(hold_the_morning, know_your_card, write_the_lessons),
        ),
    ),
)
