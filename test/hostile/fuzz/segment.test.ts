import { keepsItsPromises } from './promises.ts';

keepsItsPromises('segment', 8);
