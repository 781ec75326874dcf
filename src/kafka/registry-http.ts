import { USER_AGENT } from '../core/version.ts';
import { Agent } from 'node:https';
import axios from 'axios';
import type { RegistryAnswer } from './registry-errors.ts';
import type { KafkaSettings } from './types.ts';
import { timeLimit } from '../core/signals.ts';

export type RegistryHttp = (method: 'GET' | 'POST' | 'PUT', path: string, body?: object, signal?: AbortSignal) => Promise<RegistryAnswer>;

/** Sends requests to the registry. Each ends after `timeout` milliseconds, however slowly the response arrives. */
export function registryHttp({ url, username, password, token, tls }: KafkaSettings['registry'], timeout: number): RegistryHttp {
  const http = axios.create({
    baseURL: url.replace(/\/+$/, ''),
    maxRedirects: 0,
    maxContentLength: 4_000_000,
    validateStatus: () => true,
    proxy: false,
    headers: {
      'user-agent': USER_AGENT,
      'content-type': 'application/vnd.schemaregistry.v1+json',
      accept: 'application/vnd.schemaregistry.v1+json, application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(username === undefined ? {} : { auth: { username, password: password ?? '' } }),
    ...(tls === undefined ? {} : { httpsAgent: new Agent(tls) }),
  });
  return async (method, path, body, signal) => {
    // Not axios's own time-out, which starts again with every byte.
    const end = timeLimit(timeout, signal);
    try {
      const { status, data, headers } = await http.request<unknown>({
        method,
        url: path,
        signal: end,
        ...(body === undefined ? {} : { data: body }),
      });
      const location = headers['location'] as unknown;
      return { status, data, ...(typeof location === 'string' ? { location } : {}) };
    } catch (error) {
      if (end.aborted && signal?.aborted !== true) {
        throw Object.assign(new Error(`it has not answered within ${timeout / 1000} s`), { code: 'timeout' });
      }
      // axios's errors contain the request with its log-in.
      const { code, message } = error as NodeJS.ErrnoException;
      throw Object.assign(new Error(message || code || 'no reason given'), code === undefined ? {} : { code });
    }
  };
}
