"""`python3 -m web`: prepares the environment on first use, then runs the command line.  Imports nothing of ours before that."""

from web import bootstrap

if __name__ == "__main__":
    bootstrap.ensure("run", "web")
    from web.commands import main

    raise SystemExit(main())
