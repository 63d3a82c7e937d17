from .cli import main

if __name__ == "__main__":  # processes that are started anew import this module too
    raise SystemExit(main())
