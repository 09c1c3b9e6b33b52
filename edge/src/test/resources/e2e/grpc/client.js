// Calls a server of gRPC in all ways, and prints what came of it: `node client.js PORT AUTHORITY [CA]`. With a file of
// authorities it speaks TLS.
import fs from 'node:fs';
import grpc from '@grpc/grpc-js';
import { Echo } from './echo.js';

const [port, authority, ca] = process.argv.slice(2);
const host = authority.replace(/:\d+$/, '');
const Client = grpc.makeGenericClientConstructor(Echo, 'Echo');
const client = new Client(
  `127.0.0.1:${port}`,
  ca ? grpc.credentials.createSsl(fs.readFileSync(ca)) : grpc.credentials.createInsecure(),
  {
    'grpc.default_authority': authority,
    ...(ca && { 'grpc.ssl_target_name_override': host }),
    'grpc.max_receive_message_length': -1,
    'grpc.enable_http_proxy': 0,
    'grpc.enable_retries': 0,
  },
);

const said = (fault, answer) => (fault ? `${grpc.status[fault.code]} ${fault.details}` : answer.toString());

const once = (name, message, metadata, options) =>
  new Promise((done) => {
    let trailers;
    const call = client[name](message, metadata ?? new grpc.Metadata(), options ?? {}, (fault, answer) =>
      // The status, with its trailers, comes behind the answer.
      setImmediate(() => done({ text: said(fault, answer), size: answer?.length, trailers })));
    call.on('status', (status) => (trailers = status.metadata));
  });

const metadata = new grpc.Metadata();
metadata.set('say', 'hello');
const echoed = await once('once', Buffer.from('one message'), metadata);
console.log('once:', echoed.text, '/', String(echoed.trailers.get('asked-with')));

const large = await once('once', Buffer.alloc(8 * 1024 * 1024, 'x'));
console.log('large:', large.size);

console.log('fail:', (await once('fail', Buffer.from('there is no such thing'))).text);

console.log('unknown:', await new Promise((done) => {
  const bytes = (message) => message;
  client.makeUnaryRequest('/culvert.test.Echo/Nothing', bytes, bytes, Buffer.from(''), (fault) =>
    done(grpc.status[fault.code]));
}));

console.log('many:', await new Promise((done) => {
  let sum = 0;
  client.many(Buffer.from('2000'))
    .on('data', (message) => (sum += Number(message.toString())))
    .on('error', (fault) => done(said(fault)))
    .on('end', () => done(sum));
}));

console.log('count:', await new Promise((done) => {
  const call = client.count((fault, answer) => done(said(fault, answer)));
  for (let number = 0; number < 200; number++) {
    call.write(Buffer.alloc(20_000, 'y'));
  }
  call.end();
}));

// Each message is only sent once the one before it has come back: both directions are open all the while.
console.log('chat:', await new Promise((done) => {
  const call = client.chat();
  let number = 0;
  call.on('data', (message) => {
    if (message.toString() !== `message ${number}`) {
      done(`${message} came for message ${number}`);
    } else if (++number === 100) {
      call.end();
    } else {
      call.write(Buffer.from(`message ${number}`));
    }
  });
  call.on('error', (fault) => done(said(fault)));
  call.on('end', () => done(number));
  call.write(Buffer.from('message 0'));
}));

console.log('crowd:', (await Promise.all(
  Array.from({ length: 50 }, (unused, number) => once('once', Buffer.from(`call ${number}`))),
)).filter((answer, number) => answer.text === `call ${number}`).length);

console.log('deadline:', (await once('wait', Buffer.from(''), undefined, { deadline: Date.now() + 1000 })).text.split(' ')[0]);
client.close();
