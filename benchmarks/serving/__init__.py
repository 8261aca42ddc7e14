"""What ``benchmarks.server`` measures with: known matches, two servers in their own processes, and the players."""
