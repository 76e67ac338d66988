"""What is measured, and against what. `make bench` prints a table and writes it to bench/results.md."""
