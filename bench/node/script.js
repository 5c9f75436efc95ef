// What the service `script` does, in Node.js behind {packet, 4}: calls functions with JSON arguments, one after another.
'use strict';

const functions = { area: (r) => Math.PI * r * r };

let unread = Buffer.alloc(0);

process.stdin.on('data', (data) => {
  unread = unread.length === 0 ? data : Buffer.concat([unread, data]);
  while (unread.length >= 4) {
    const end = 4 + unread.readUInt32BE(0);
    if (unread.length < end) return;
    answer(unread.toString('utf8', 4, end));
    unread = unread.subarray(end);
  }
});

function answer(request) {
  const [name, ...parameters] = JSON.parse(request);
  const reply = Buffer.from(JSON.stringify(functions[name](...parameters)));
  const packet = Buffer.allocUnsafe(4 + reply.length);
  packet.writeUInt32BE(reply.length, 0);
  reply.copy(packet, 4);
  process.stdout.write(packet);
}
