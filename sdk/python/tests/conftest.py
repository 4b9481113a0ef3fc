pytest_plugins = ["real_servers"]
