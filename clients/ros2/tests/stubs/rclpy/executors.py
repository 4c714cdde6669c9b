class ExternalShutdownException(Exception):
    pass
