// A server of gRPC: `node server.js`. Prints its port, and which calls their callers gave up.
import grpc from '@grpc/grpc-js';
import { Echo } from './echo.js';

const server = new grpc.Server({
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
});

server.addService(Echo, {
  once(call, answer) {
    const trailers = new grpc.Metadata();
    trailers.set('asked-with', String(call.metadata.get('say')));
    answer(null, call.request, trailers);
  },
  fail(call, answer) {
    answer({ code: grpc.status.NOT_FOUND, details: call.request.toString() });
  },
  many(call) {
    for (let number = 1; number <= Number(call.request.toString()); number++) {
      call.write(Buffer.from(String(number)));
    }
    call.end();
  },
  count(call, answer) {
    let size = 0;
    call.on('data', (message) => (size += message.length));
    call.on('end', () => answer(null, Buffer.from(String(size))));
  },
  chat(call) {
    call.on('data', (message) => call.write(message));
    call.on('end', () => call.end());
  },
  wait(call) {
    console.log('waiting');
    call.on('cancelled', () => console.log('given up'));
  },
});

server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (fault, port) => {
  if (fault) {
    throw fault;
  }
  console.log(`port ${port}`);
});
