import threading
import types

from builtin_interfaces.msg import Time

#: Parameters that the next node is started with, as ``--ros-args -p`` gives them.
overrides = {}
nodes = []


class Publisher:
    def __init__(self, kind, topic):
        self.kind = kind
        self.topic = topic
        self.messages = []
        self.changed = threading.Condition()

    def publish(self, message):
        assert isinstance(message, self.kind)
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def until(self, condition):
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self.messages), 120), self.messages


class Logger:
    def __init__(self):
        self.lines = []

    def info(self, text):
        self.lines.append(text)

    error = info


class Node:
    def __init__(self, name):
        self.name = name
        self.parameters = {}
        self.publishers_by_topic = {}
        self.subscriptions_by_topic = {}
        self.logger = Logger()
        self.destroyed = False
        nodes.append(self)

    def declare_parameter(self, name, value):
        given = overrides.get(name, value)
        assert type(given) is type(value), f"{name} is a {type(value).__name__}"
        self.parameters[name] = given

    def get_parameter(self, name):
        return types.SimpleNamespace(value=self.parameters[name])

    def create_publisher(self, kind, topic, depth):
        return self.publishers_by_topic.setdefault(topic, Publisher(kind, topic))

    def create_subscription(self, kind, topic, callback, qos):
        def deliver(message):
            assert isinstance(message, kind)
            callback(message)

        self.subscriptions_by_topic[topic] = deliver

    def get_logger(self):
        return self.logger

    def get_clock(self):
        return types.SimpleNamespace(now=lambda: types.SimpleNamespace(to_msg=lambda: Time(sec=4242)))

    def destroy_node(self):
        self.destroyed = True
