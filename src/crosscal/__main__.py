"""``python -m crosscal``."""

from crosscal.cli.app import main

main()
