"""What has to be there before the first deployment: state, its key, and the pipelines' roles."""
