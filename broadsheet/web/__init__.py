"""The pages: server-rendered HTML that reads like a newspaper and works without script."""
