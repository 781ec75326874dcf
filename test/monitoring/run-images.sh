# Runs the kafka and connect services of docker-compose.yml in folders laid out as their images, in a network and a file tree of their own.
# For `unshare -n -m -p -f --mount-proc bash run-images.sh`, as root. The environment of a service comes as KAFKA_ENV and CONNECT_ENV
# (files of NAME=VALUE), its jars as JARS, the plugins as PLUGINS (the folders the image's /opt/connect/plugins holds),
# what the Dockerfile copies beside them as COPIES (lines of "from to").
# Of the images themselves only the shell scripts are missing: Kafka's own class makes the broker's properties of the environment, as there.
set -euo pipefail
# What was fetched under a umask of its owner's alone could not be read by the image's user.
chmod -R a+rX "$JARS" $PLUGINS
ip link set lo up
printf '127.0.0.1 localhost kafka connect\n' > "$WORK/hosts"
mount --bind "$WORK/hosts" /etc/hosts
java=$(dirname "$(dirname "$(readlink -f "$JAVA")")")
jars=$(mktemp -d) && mount --bind "$JARS" "$jars"
jre=$(mktemp -d) && mount --bind "$java" "$jre"
for number in $(seq 1 "$(wc -w <<< "$PLUGINS")"); do mkdir "$WORK/plugin$number"; mount --bind "$(cut -d' ' -f"$number" <<< "$PLUGINS")" "$WORK/plugin$number"; done
mount -t tmpfs none /opt
mount -t tmpfs none /run
mkdir -p /opt/kafka/libs /opt/jre /opt/connect/plugins /opt/kafka/config /opt/kafka/defaults /opt/kafka/mounted
mount --move "$jars" /opt/kafka/libs 2> /dev/null || mount --bind "$jars" /opt/kafka/libs
mount --bind "$jre" /opt/jre
number=0
for plugin in $PLUGINS; do
  number=$((number + 1))
  mkdir "/opt/connect/plugins/$number"
  mount --bind "$WORK/plugin$number" "/opt/connect/plugins/$number"
done
while read -r from to; do
  [ -n "$from" ] || continue
  mkdir -p "$(dirname "$to")"
  cp -r "$from" "$to"
done <<< "$COPIES"
# The user of apache/kafka.
user="setpriv --reuid=1000 --regid=1000 --clear-groups"
java=/opt/jre/bin/java
touch /opt/kafka/defaults/server.properties
for name in log4j2 tools-log4j2; do echo 'root: {level: INFO}' > "/opt/kafka/defaults/$name.yaml"; done
logs=$(sed -n 's/^KAFKA_LOG_DIRS=//p' "$KAFKA_ENV")
mkdir -p "$logs" && mount -t tmpfs none "$logs"
chown -R 1000 /opt/kafka/config "$logs"
run() { env -i PATH="$PATH" $(grep -v '^KAFKA_HEAP_OPTS=' "$1") $user "${@:2}"; }
run "$KAFKA_ENV" $java -cp '/opt/kafka/libs/*' kafka.docker.KafkaDockerWrapper setup --default-configs-dir /opt/kafka/defaults --mounted-configs-dir /opt/kafka/mounted --final-configs-dir /opt/kafka/config > "$WORK/setup.log" 2>&1
run "$KAFKA_ENV" $java -Xmx384m -cp '/opt/kafka/libs/*' kafka.Kafka /opt/kafka/config/server.properties > "$WORK/kafka.log" 2>&1 &
broker=$!
until (exec 3<> /dev/tcp/kafka/9092) 2> /dev/null; do kill -0 "$broker" || { echo "kafka ended: $(tail -3 "$WORK/kafka.log")"; exit 1; }; sleep 1; done
cd /opt
run "$CONNECT_ENV" $java -Xmx384m -XX:TieredStopAtLevel=1 -cp '/opt/kafka/libs/*' org.apache.kafka.connect.cli.ConnectDistributed /opt/connect/connect.properties > "$WORK/connect.log" 2>&1 &
worker=$!
until answer=$(curl -fsS http://127.0.0.1:8083/connectors 2> /dev/null); do
  kill -0 "$worker" 2> /dev/null || { echo "connect ended: $(grep -E 'Exception|ERROR' "$WORK/connect.log" | tail -3)"; exit 1; }
  sleep 1
done
echo "connect answers: $answer"
curl -fsS 'http://127.0.0.1:8083/connector-plugins?connectorsOnly=false' | grep -oE '"class":"[^"]+(JdbcSinkConnector|AvroConverter)"' | sort
