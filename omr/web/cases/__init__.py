"""The desk of cases: what a person must settle before a slip counts, one by one or as heaps."""
