"""The table of accounts in accounts.tf, as the module says it."""

from tests.templates.terraform.module import load, resolved


def table():
    """The accounts, with what stands for a local put in its place."""
    module = load()
    accounts = module.locals["accounts"]
    return {
        name: {
            **account,
            **{
                what: {
                    place: [resolved(module, each) for each in below]
                    for place, below in account[what].items()
                }
                for what in ("creates", "deletes")
            },
        }
        for name, account in accounts.items()
    }
