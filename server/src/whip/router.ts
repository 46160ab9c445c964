// WHIP and WHEP for the server's express app.
import { Router } from 'express';
import type { Log } from '../log.js';
import type { Rooms } from '../rooms.js';
import { refuse } from './endpoint.js';
import { addWhep } from './whep.js';
import { addWhip } from './whip.js';

export function mediaOverHttp(rooms: Rooms, log: Log): Router {
  const router = Router({ caseSensitive: true });
  addWhip(router, rooms);
  addWhep(router, rooms);
  router.use(refuse(log));
  return router;
}
