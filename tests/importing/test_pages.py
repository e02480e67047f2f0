"""What the pages about other tools show is what happens with what those tools wrote."""

import pytest

from .. import console

PAGES = {
    "coming-from-mlflow": ("mlflow", "."),
    "coming-from-tensorboard": ("tensorboard", "logs"),
    "coming-from-wandb": ("wandb", "."),
}


@pytest.mark.parametrize("page", PAGES)
def test_page(sample, page):
    """Transcripts run, top to bottom, beside the files of the tool."""
    name, place = PAGES[page]
    folder = sample(name)
    if place != ".":
        folder.rename(folder.parent / place)
        folder = folder.parent
    text = (console.ROOT / "docs" / "how-to" / f"{page}.md").read_text("utf-8")
    transcripts = [block.text for block in console.blocks(text) if block.text.startswith("$ ")]
    assert len(transcripts) >= 2
    for transcript in transcripts:
        console.check(transcript, folder, page)
