"""SQS consumer: one message, exactly one execution."""
