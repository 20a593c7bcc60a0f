"""What Alembic runs: ``env.py`` at each upgrade, and the steps in ``versions``."""
