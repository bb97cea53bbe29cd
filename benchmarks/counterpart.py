"""What a team would write in an afternoon: requests with a session, SendGrid's SDK, Jinja, one row after another, a
results file that is written line by line. Honest, but for that nothing of it survives a crash or a lost answer, and
that no row is looked at before it is sent.

    python benchmarks/counterpart.py growers.csv http://127.0.0.1:8025 results.csv

`whole_run.py` starts it like that, as it starts leafcast: with its imports, and the list to be read.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import jinja2
import requests
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Mail

ENVIRONMENT = jinja2.Environment(autoescape=True)
STYLE = "font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:24px;color:#1d2a22;margin:0 0 16px"
HTML = ENVIRONMENT.from_string(
    "<!doctype html><html lang='en'><body style='margin:0;background:#f4f6f4'><table role='presentation' width='100%'>"
    f"<tr><td align='center'><table role='presentation' width='600'><tr><td style='{STYLE}'>{{{{ company }}}}</td></tr>"
    f"<tr><td><p style='{STYLE}'>Hello {{{{ name }}}},</p>"
    + f"<p style='{STYLE}'>With your permission, your field and machine data can come to us straight from the system "
    "that you use. No USB sticks, no files by email. It takes a few minutes, and you can end it at any time.</p>"
    * 12
    + f"<p style='{STYLE}'><a href='{{{{ link }}}}'>Connect your data</a></p><p style='{STYLE}'>{{{{ company }}}}</p>"
    "</td></tr></table></td></tr></table></body></html>"
)
TEXT = ENVIRONMENT.from_string(
    "Hello {{ name }},\n\n"
    + "Your field and machine data can come to us from the system that you use.\n" * 8
    + "\n{{ link }}\n\n{{ company }}\n"
)  # fmt: skip - as long a letter as leafcast's own


def send_all(source: Path, url: str, results: Path) -> int:
    """Take every row to its end; how many."""
    session = requests.Session()
    mail = SendGridAPIClient("SG.key", host=url)
    count = 0
    with source.open(newline="") as growers, results.open("w", newline="") as file:
        written = csv.writer(file)
        for row in csv.DictReader(growers):
            asked = {"externalId": row["externalId"], "expiresIn": 2592000, "allowedProviders": ["JohnDeere"]}
            made = session.post(f"{url}/services/widgets/api/magic-link/provider", json=asked, timeout=30)
            made.raise_for_status()
            words = {"name": row["name"], "link": made.json()["link"], "company": "Prairie Co-op"}
            message = Mail(
                "connect@prairie.example",
                row["email"],
                "Connect your data",
                plain_text_content=TEXT.render(words),
                html_content=HTML.render(words),
            )
            sent = mail.send(message)
            written.writerow([row["externalId"], words["link"], sent.status_code])
            file.flush()
            count += 1
    return count


if __name__ == "__main__":
    print(send_all(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])), "sent")
