"""``python -m crosscal.cli``."""

from crosscal.cli.app import main

main()
