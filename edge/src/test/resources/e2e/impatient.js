// A Node server that tells a connection on which nothing is asked for two seconds what it thinks of it, as Node's own do
// after a minute or five.
const limits = {headersTimeout: 2000, requestTimeout: 2000, connectionsCheckingInterval: 200};
const server = require('http').createServer(limits, (request, response) => response.end('patient\n'));
let told = 0;
server.on('clientError', (fault, socket) => {
  console.log('told ' + ++told + ': ' + fault.code);
  socket.end('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
});
server.listen(0, '127.0.0.1', () => console.log('listening on port ' + server.address().port));
