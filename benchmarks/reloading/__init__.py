"""What ``benchmarks.reload`` measures with: checkpoints, games under which they change, and the engines that change."""
