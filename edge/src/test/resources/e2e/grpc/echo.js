// The service that server.js serves and client.js calls: messages are bytes as they are, so no .proto is needed.
const bytes = (message) => message;

const method = (name, requestStream, responseStream) => ({
  path: `/culvert.test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});

export const Echo = {
  once: method('Once', false, false),
  fail: method('Fail', false, false),
  many: method('Many', false, true),
  count: method('Count', true, false),
  chat: method('Chat', true, true),
  wait: method('Wait', false, false),
};
