"""django-post_office, run by the benchmark of delivery in a virtual environment that holds nothing else.

``python peers_post_office.py FILE DATABASE PORT`` queues the messages of a file, which is not measured, and
sends them with its own command: rendering, SMTP and recording. Five threads and batches of 100, as it comes.
"""

import json
import logging
import sys
from pathlib import Path
from time import perf_counter, process_time

import django
from django.conf import settings
from django.core.management import call_command


def set_up(database: str, port: int) -> None:
    """Configure Django as its documentation says."""
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
        INSTALLED_APPS=["post_office"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        EMAIL_BACKEND="post_office.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        POST_OFFICE={"BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()
    logging.disable(logging.INFO)
    call_command("migrate", verbosity=0)


def queue(file: Path) -> int:
    """Queue messages that are rendered when they leave."""
    from post_office import mail  # noqa: PLC0415 -- only once Django is set up
    from post_office.models import EmailTemplate  # noqa: PLC0415

    given = json.loads(file.read_text(encoding="utf-8"))
    templates = [
        EmailTemplate.objects.create(
            name=str(number), subject=one["subject"], content=one["text"], html_content=one["html"]
        )
        for number, one in enumerate(given["templates"])
    ]
    mail.send_many(
        [
            {
                "recipients": [one["to"]],
                "sender": "Communications <communications@universite.example>",
                "template": templates[one["template"]],
                "context": one["values"],
                "render_on_delivery": True,
            }
            for one in given["messages"]
        ]
    )
    return len(given["messages"])


def main() -> None:
    """Queue, send, and print one line of JSON."""
    file, database, port = sys.argv[1:]
    set_up(database, int(port))
    messages = queue(Path(file))
    began, used = perf_counter(), process_time()
    call_command("send_queued_mail", lockfile=f"{database}.lock")
    found = {"seconds": perf_counter() - began, "cpu": process_time() - used, "messages": messages}
    from post_office.models import STATUS, Email  # noqa: PLC0415 -- only once Django is set up

    if Email.objects.filter(status=STATUS.sent).count() != messages:
        raise SystemExit("django-post_office did not send everything")
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        found["peak"] = int(lines["VmHWM"].split()[0]) / 1024
    print(json.dumps(found))


if __name__ == "__main__":
    main()
