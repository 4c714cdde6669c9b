class SignalHandlerOptions:
    NO = "no"
