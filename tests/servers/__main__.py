"""``python -m tests.servers``: get and build every server that the tests use; say which ones there are."""

import sys

from .building import Missing
from .buckets import RECIPES as BUCKETS
from .machines import RECIPES as MACHINES
from .mongo import OMNIBOARD
from .mongo import RECIPE as MONGO
from .sql import RECIPES as SQL

RECIPES = [MONGO, OMNIBOARD, *SQL, *BUCKETS, *MACHINES]


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
