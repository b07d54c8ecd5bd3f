"""What reading costs: ``python bench/bench.py --help``; the work is in `costs`.

A module of its own, because every worker process that is spawned imports the program's main
file: what `costs` needs besides reading would be counted as what a worker needs to start.
"""

if __name__ == "__main__":
    from costs import main

    main()
