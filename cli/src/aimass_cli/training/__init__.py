"""Commands for TrainingJobs."""
