"""`leafcast preview`: one file to look at, and nothing else happens."""

from __future__ import annotations

import stat


def test_the_gallery_is_one_file_that_holds_the_real_messages(desk):
    """Named after the campaign, for its owner's eyes; --json says who is in it and why; no service is asked."""
    desk.write("g.csv", "externalId,name,email,phone\nA,Ann <b>,ann@farm.example,\nB,,,+1 515 555 0123\n")
    desk.write(
        "c.yaml",
        "campaign: look\nlist: {file: g.csv, region: US}\nbrand: {companyName: Prairie, postalAddress: Ames}\n"
        "link: {expiresIn: 30d, rules: [{type: provider}]}\nchannels: [email, sms]\n"
        'email: {from: p@prairie.example}\nsms: {from: "+15155550100"}\n',
    )
    told = desk("preview", "c.yaml", "--json")
    file = desk.folder / "look-preview.html"
    assert told.json["file"].endswith("look-preview.html")
    assert [grower["externalId"] for grower in told.json["growers"]] == ["A", "B"]
    assert told.json["growers"][1]["segments"] == 2
    page = file.read_text()
    assert "Connect your farm data, Ann &lt;b&gt;" in page
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert desk.requests()[""] == 0
    assert "no good row" in desk("preview", "c.yaml", "--only", "Z", code=2).err
    assert desk("preview", "c.yaml", "--only", "A", "-o", "other.html").out.startswith("1 grower")
