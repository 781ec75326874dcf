// Loaded into a process before all else (`--import`): connections to some local ports go to others instead. A broker tells
// every client its own address, so a line in front of it is passed by otherwise. TEST_REROUTE: JSON, port -> port.
import net from 'node:net';

const ports = JSON.parse(process.env['TEST_REROUTE'] ?? '{}');
const connect = net.connect;
net.connect = (...args) => {
  const [to] = args;
  if (typeof to === 'object' && to !== null && ports[to.port] !== undefined) args[0] = { ...to, port: ports[to.port] };
  return connect(...args);
};
