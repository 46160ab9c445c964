// A conference by mediasoup-client: see README.md.
import { startServer } from './server.js';

const server = await startServer({ port: Number(process.env.PORT ?? 8002) });
console.log(`open http://localhost:${server.port} in two tabs`);
server.worker.once('died', (error) => {
  console.error(error.message);
  process.exit(1);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
