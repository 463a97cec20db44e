"""The parts of the speed benchmark; `saulyq.benchmark` runs them."""
