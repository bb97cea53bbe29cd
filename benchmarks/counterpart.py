"""What a team would write in an afternoon: requests with a session, SendGrid's SDK, Jinja, one row after another, a
results file that is written line by line. Honest, but for that nothing of it survives a crash or a lost answer.

    python benchmarks/counterpart.py [--rows 300] [--latency 0.0]
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from pathlib import Path

import jinja2
import requests
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Mail

from services import any_service  # isort: skip - a file beside this one

TEMPLATE = jinja2.Environment(autoescape=True).from_string(
    "<p>Hello {{ name }},</p><p><a href='{{ link }}'>Connect your data</a></p><p>{{ company }}</p>"
)


def send_all(url: str, rows: list[dict[str, str]], results: Path) -> float:
    """Take every row to its end; rows a second."""
    session = requests.Session()
    mail = SendGridAPIClient("SG.key", host=url)
    began = time.perf_counter()
    with results.open("w", newline="") as file:
        written = csv.writer(file)
        for row in rows:
            asked = {"externalId": row["externalId"], "expiresIn": 2592000, "allowedProviders": ["JohnDeere"]}
            made = session.post(f"{url}/services/widgets/api/magic-link/provider", json=asked, timeout=30)
            link = made.json()["link"]
            html = TEMPLATE.render(name=row["name"], link=link, company="Prairie Co-op")
            message = Mail("connect@prairie.example", row["email"], "Connect your data", html_content=html)
            sent = mail.send(message)
            written.writerow([row["externalId"], link, sent.status_code])
            file.flush()
    return len(rows) / (time.perf_counter() - began)


def growers(count: int) -> list[dict[str, str]]:
    return [
        {"externalId": f"G-{number}", "name": f"Grower {number}", "email": f"g{number}@farm.example"}
        for number in range(count)
    ]


def measured(rows: int, latency: float) -> float:
    with any_service(latency) as url, tempfile.TemporaryDirectory() as folder:
        return send_all(url, growers(rows), Path(folder) / "results.csv")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--latency", type=float, default=0.0)
    options = parser.parse_args()
    print(f"{measured(options.rows, options.latency):,.1f} rows/s, one after another")
