"""From ``pip install`` to a verdict, and from red to green by what the output says."""
