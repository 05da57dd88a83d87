"""Apache Kafka as our own child process, from the jars that Maven delivers."""

from luban.cli.apache.broker import ApacheBroker, Node
from luban.cli.apache.jars import kafka_jars
from luban.cli.apache.java import java_program

__all__ = ["ApacheBroker", "Node", "java_program", "kafka_jars"]
