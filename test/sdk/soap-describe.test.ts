import { describe, expect, it } from 'vitest';
import { Client, WSDL } from 'soap';
import { describeService } from '../../src/sdk/soap/describe.ts';
import type { ServiceDescription } from '../../src/sdk/soap/describe.ts';
import { schemaOf } from '../../src/sdk/soap/schema.ts';

const shop: ServiceDescription = {
  namespace: 'http://shop.example/v1/',
  service: 'Shop',
  location: 'http://shop.example/shop.asmx',
  header: 'User',
  operations: {
    Orders: { asks: 'From dateTime, Page int, Note string nil', row: 'Order', also: 'Problem Problem nil' },
    Ping: { asks: '', row: 'Answer' },
  },
  types: {
    User: 'Name string, Password string',
    Order: 'Id string?, Paid boolean, Buyer Buyer?, Tag string*',
    Buyer: 'Name string?',
    Answer: 'Text string?',
    Problem: 'Text string?',
  },
};

async function opened(description: ServiceDescription): Promise<Record<string, unknown>> {
  const wsdl = await new Promise<WSDL>((resolve, reject) => {
    const parsed = new WSDL(describeService(description), 'own.wsdl', {});
    parsed.onReady((error: unknown) => (error ? reject(error instanceof Error ? error : new Error(String(error))) : resolve(parsed)));
  });
  return JSON.parse(JSON.stringify(new Client(wsdl).describe())) as Record<string, unknown>;
}

describe('a short description of a service', () => {
  it('is one that requests can be written by', async () => {
    expect(await opened(shop)).toMatchObject({
      Shop: {
        ShopSoap: {
          Orders: { input: { From: 's:dateTime', Page: 's:int', Note: 's:string' }, output: { Problem: { Text: 's:string' } } },
          Ping: { input: {} },
        },
      },
    });
  });

  it('is one that answers can be read by', () => {
    const { namespace, elements, types } = schemaOf(describeService(shop));
    expect(namespace).toBe(shop.namespace);
    expect([...elements.keys()]).toEqual(['Orders', 'OrdersResponse', 'Ping', 'PingResponse', 'User']);
    expect(elements.get('OrdersResponse')?.get('OrdersResult')).toMatchObject({ type: 'ArrayOfOrder', repeats: false });
    expect(elements.get('OrdersResponse')?.get('Problem')).toMatchObject({ type: 'Problem', nillable: true });
    expect(types.get('ArrayOfOrder')?.get('Order')).toMatchObject({ type: 'Order', repeats: true, nillable: true });
    expect(types.get('Order')?.get('Buyer')).toMatchObject({ type: 'Buyer', repeats: false, nillable: false });
    expect(types.get('Order')?.get('Tag')).toMatchObject({ type: 'string', repeats: true });
  });

  it('with a slip of the pen is refused', () => {
    const wrong = { ...shop, types: { ...shop.types, Buyer: 'Name: string' } };
    expect(() => describeService(wrong)).toThrow('"Name: string" does not describe a member of Shop.');
  });
});
