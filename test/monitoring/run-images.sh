# Runs the services of docker-compose.yml in folders laid out as their images, in a network and a file tree of their own.
# For `unshare -n -m -p -f --mount-proc bash run-images.sh`, as root. WORK holds for each service NAME.argv (its command line) and NAME.env
# (NAME=VALUE), both ended by NUL, and health/NAME.argv; JARS, PLUGINS and REGISTRY are folders of jars, COPIES what the Connect image copies
# beside its plugins, APP the checkout, APP_COPIES what the worker's image takes of it, APP_FOLDERS its `install` lines, MOUNTS what Compose mounts
# (lines of "to from"; a volume has no from), POSTGRES the folder of PostgreSQL's own programs.
# Of the images themselves only the shell scripts are missing: Kafka's own class makes the broker's properties of the environment, as there.
set -Eeuo pipefail
trap 'echo "line $LINENO failed: $BASH_COMMAND; last words: $(tail -qn 2 "$WORK"/*.log 2> /dev/null)" >&2' ERR
if [ "${ROOTED:-}" = '' ]; then
  # The folders of images stand at the root, and nothing of them may stay on this machine.
  root=$(mktemp -d) && mount -t tmpfs none "$root"
  for entry in /*; do
    name=$(basename "$entry")
    case $name in app | landing | prometheus | etc | opt | run | var) continue ;; esac
    if [ -L "$entry" ]; then cp -P "$entry" "$root"
    elif [ -d "$entry" ]; then mkdir "$root/$name" && mount --rbind "$entry" "$root/$name"
    fi
  done
  mkdir -p "$root"/{app,landing,prometheus,opt,run,var/lib,var/tmp}
  cp -a /etc "$root/etc"
  ROOTED=1 exec chroot "$root" bash "$0"
fi
# What was fetched under a umask of its owner's alone could not be read by the image's user.
chmod -R a+rX "$JARS" $PLUGINS "$REGISTRY"
ip link set lo up
printf '127.0.0.1 localhost kafka connect postgres registry tributary prometheus\n' > /etc/hosts
java=$(dirname "$(dirname "$(readlink -f "$JAVA")")")
# By binding, not by path: the user of an image may not pass the folders above.
bound() { mkdir -p "$2" && mount --bind "$1" "$2"; }
bound "$JARS" /opt/kafka/libs
bound "$java" /opt/jre
bound "$REGISTRY" /opt/registry
bound "$POSTGRES" /opt/postgres
mkdir -p /opt/connect/plugins /opt/kafka/config /opt/kafka/defaults /opt/kafka/mounted
number=0
for plugin in $PLUGINS; do
  number=$((number + 1))
  bound "$plugin" "/opt/connect/plugins/$number"
done
while read -r from to; do
  [ -n "$from" ] || continue
  mkdir -p "$(dirname "$to")"
  cp -r "$from" "$to"
done <<< "$COPIES"
while read -r name; do
  if [ "$name" = node_modules ]; then bound "$APP/$name" "/app/$name"; else cp -r "$APP/$name" "/app/$name"; fi
done <<< "$APP_COPIES"
chmod -R a+rX /app/dist /app/schemas /app/sink-configs /app/templates
# The user `node` of the image has this number.
while read -r line; do ${line//node/1000}; done <<< "$APP_FOLDERS"
while read -r to from; do
  mkdir -p "$(dirname "$to")"
  if [ -z "$from" ]; then mkdir -p "$to" && chown 1000 "$to"; else cp "$from" "$to" && chmod a+r "$to"; fi
done <<< "$MOUNTS"
# The user of apache/kafka, of node and of Prometheus, by number; none of them is root.
user="setpriv --reuid=1000 --regid=1000 --clear-groups"
# Images have a /tmp of their own.
chmod 1777 /var/tmp
java='/opt/jre/bin/java -Djava.io.tmpdir=/var/tmp'
touch /opt/kafka/defaults/server.properties
chown 1000 /opt/kafka/config
for name in log4j2 tools-log4j2; do echo 'root: {level: INFO}' > "/opt/kafka/defaults/$name.yaml"; done
# of NAME: its environment and its own command line, or the one that is given.
of() {
  local name=$1 environment argv
  shift
  mapfile -d '' -t environment < "$WORK/$name.env"
  if [ $# -gt 0 ]; then argv=("$@"); else mapfile -d '' -t argv < "$WORK/$name.argv"; fi
  ${EXEC:-} env -i PATH="$PATH" LC_ALL=C.UTF-8 TMPDIR=/var/tmp "${environment[@]}" $user "${argv[@]}"
}
healthy() { mapfile -d '' -t check < "$WORK/health/$1.argv" && "${check[@]}" > /dev/null 2>&1; }
# until_so PID NAME COMMAND...: repeats the command until it succeeds, while the process lives.
until_so() {
  local pid=$1 name=$2
  shift 2
  until "$@"; do
    kill -0 "$pid" 2> /dev/null || { echo "$name ended: $(grep -vE '^\s*$' "$WORK/$name.log" | tail -3)"; exit 1; }
    sleep 0.5
  done
}
begin() { (cd "${IN:-/}" && EXEC=exec of "$@") > "$WORK/$1.log" 2>&1 & pid=$!; }

of kafka $java -cp '/opt/kafka/libs/*' kafka.docker.KafkaDockerWrapper setup --default-configs-dir /opt/kafka/defaults --mounted-configs-dir /opt/kafka/mounted --final-configs-dir /opt/kafka/config > "$WORK/setup.log" 2>&1
begin kafka $java -Xmx384m -cp '/opt/kafka/libs/*' kafka.Kafka /opt/kafka/config/server.properties
until_so $pid kafka bash -c 'exec 3<> /dev/tcp/kafka/9092' 2> /dev/null

# What the entry point of the image does with its environment.
setting() { tr '\0' '\n' < "$WORK/$1.env" | sed -n "s/^$2=//p"; }
mkdir -p /var/lib/postgresql/data
export PGUSER=$(setting postgres POSTGRES_USER) PGPASSWORD=$(setting postgres POSTGRES_PASSWORD)
echo "$PGPASSWORD" > /var/lib/postgresql/password
chown -R 1000 /var/lib/postgresql
$user /opt/postgres/bin/initdb -D /var/lib/postgresql/data -U "$PGUSER" --pwfile=/var/lib/postgresql/password -A scram-sha-256 -E UTF8 > "$WORK/initdb.log" 2>&1
begin postgres /opt/postgres/bin/postgres -D /var/lib/postgresql/data -c listen_addresses=* -c unix_socket_directories=
until_so $pid postgres psql -h postgres -d postgres -qc "CREATE DATABASE $(setting postgres POSTGRES_DB)" 2> /dev/null
psql -h postgres -d "$(setting postgres POSTGRES_DB)" -q -f /docker-entrypoint-initdb.d/init.sql

begin registry $java -Xmx384m -XX:TieredStopAtLevel=1 -Djava.util.logging.manager=org.jboss.logmanager.LogManager -cp "/opt/registry/apicurio-registry-app-3.0.9-runner.jar:/opt/registry/lib/*" io.quarkus.runner.GeneratedMain
registry=$pid
IN=/opt begin connect $java -Xmx384m -XX:TieredStopAtLevel=1 -cp '/opt/kafka/libs/*' org.apache.kafka.connect.cli.ConnectDistributed /opt/connect/connect.properties
until_so $registry registry healthy registry
answered() { answer=$(curl -fsS http://127.0.0.1:8083/connectors 2> /dev/null); }
until_so $pid connect answered
echo "connect answers: $answer"
curl -fsS 'http://127.0.0.1:8083/connector-plugins?connectorsOnly=false' | grep -oE '"class":"[^"]+(JdbcSinkConnector|AvroConverter)"' | sort

for name in $SIMULATORS; do
  IN=/app begin "$name"
  until_so $pid "$name" healthy "$name"
done
IN=/app begin tributary
worker=$pid
until_so $worker tributary healthy tributary
for name in landing-sql landing-tables landing-connectors; do
  IN=/app of "$name" > "$WORK/$name.log" 2>&1 || { echo "$name ended: $(tail -3 "$WORK/$name.log")"; exit 1; }
done
IN=/prometheus begin prometheus
until_so $pid prometheus healthy prometheus
echo 'every service is healthy by its own check'
landed() { [ "$(psql -h postgres -d warehouse -Atqc "SELECT count(*) > 0 FROM $FIRST_TABLE" 2> /dev/null)" = t ]; }
until_so $worker tributary landed
echo 'rows are in the warehouse'
scraped() { curl -fsS 'http://127.0.0.1:9090/api/v1/query?query=up%7Bjob%3D%22tributary%22%7D' | grep -q '"tributary:9464".*,"1"\]'; }
until_so $worker tributary scraped
echo 'Prometheus reads the worker'
kill -TERM "$worker"
ended=0 && wait "$worker" || ended=$?
echo "the worker ends with $ended when it is asked to"
