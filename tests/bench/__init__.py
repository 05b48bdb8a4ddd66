"""Speed and memory, as ratios: both sides of every row run in turn, on the same files, in one sitting."""
