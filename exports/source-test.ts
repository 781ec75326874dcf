/**
 * `tributary/source/test`: a simulated vendor to test a source against, and the acceptance suite that every source should pass.
 * It runs under `node --test` and needs Java 17 and Maven once, for the local Kafka it starts.
 */
import { describeAcceptance } from './source-test/acceptance.ts';

export { json, type Answer, type Handler, type Routes, type SimRequest } from '../simulators/kit/http-server.ts';
export type { FaultRule, Faults } from '../simulators/kit/faults.ts';
export { startVendor, type Vendor } from '../simulators/kit/vendor.ts';
export type { SourceSubject, TableSubject } from './source-test/subject.ts';
export const testSource = describeAcceptance;
