"""``python -m tests.servers``: get and build every server that the tests use; say which ones there are."""

import sys

from .building import Missing
from .mongo import RECIPE as MONGO

RECIPES = [MONGO]


def main():
    missing = 0
    for recipe in RECIPES:
        try:
            print(f"{recipe.name}: {recipe.built()}")
        except Missing as error:
            missing += 1
            print(error)
    return missing


if __name__ == "__main__":
    sys.exit(main())
