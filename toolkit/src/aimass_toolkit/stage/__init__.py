"""What every stage of the toolkit shares."""
