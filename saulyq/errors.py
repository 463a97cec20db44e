"""The one error that is meant for the reader of the terminal."""


class UserError(Exception):
    """Something the user can mend: bad data, a wrong setting, a missing file.

    Its message is one line that says where, what was found and what was expected.
    The scripts print it on stderr and exit with 1.
    """
