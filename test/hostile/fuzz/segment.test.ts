import { keepsItsPromises } from './promises.ts';

keepsItsPromises('segment', 29);
