"""The one error of the migrator: a refusal, in a sentence that says what to do."""


class MigrationError(Exception):
    """Migrations were refused or failed. The sentence names the file and says what was changed."""
