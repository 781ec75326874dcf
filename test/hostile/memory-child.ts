import { createSoapClient } from '../../src/sdk/soap/client.ts';
import { asTributaryError } from '../../src/core/errors.ts';
import { client } from '../sdk/harness.ts';
import { watchLoop } from './watch-loop.ts';

/**
 * Asks a server once in the way named, keeps what comes as a page would be kept, and tells how it ended, what it took, and
 * how long the event loop was held (CPU time, ms):
 * `memory-child.ts <way> <url>`.
 */
const [way = '', url = ''] = process.argv.slice(2);
const { http } = client(url, { maxBytes: way === 'soap' ? 64 * 1024 ** 2 : way === 'get' ? 32 * 1024 ** 2 : 4 * 1024 ** 3 });
const ask = { endpoint: 'x', signal: AbortSignal.timeout(300_000), maxTries: 1 };

const WSDL = `<definitions xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="urn:shop" targetNamespace="urn:shop">
<types><s:schema elementFormDefault="qualified" targetNamespace="urn:shop">
<s:element name="Orders"><s:complexType><s:sequence><s:element name="Page" type="s:int"/></s:sequence></s:complexType></s:element>
<s:element name="OrdersResponse"><s:complexType><s:sequence><s:element name="OrdersResult" type="tns:List" minOccurs="0"/></s:sequence></s:complexType></s:element>
<s:complexType name="List"><s:sequence><s:element name="Order" type="tns:Order" minOccurs="0" maxOccurs="unbounded" nillable="true"/></s:sequence></s:complexType>
<s:complexType name="Order"><s:sequence><s:element name="Id" type="s:string" minOccurs="0"/></s:sequence></s:complexType>
</s:schema></types>
<message name="In"><part name="parameters" element="tns:Orders"/></message><message name="Out"><part name="parameters" element="tns:OrdersResponse"/></message>
<portType name="Shop"><operation name="Orders"><input message="tns:In"/><output message="tns:Out"/></operation></portType>
<binding name="Shop" type="tns:Shop"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Orders"><soap:operation soapAction="urn:shop:Orders" style="document"/><input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
<service name="Shop"><port name="Shop" binding="tns:Shop"><soap:address location="http://elsewhere.example/"/></port></service>
</definitions>`;

const ways: Record<string, () => Promise<unknown>> = {
  get: () => http.get('/x', ask),
  'get where lists may be gigabytes': () => http.get('/x', ask),
  async stream() {
    const rows: unknown[] = [];
    for await (const some of http.stream('/x', { ...ask, list: 'results', body: () => ({}) })) rows.push(...some);
    return rows;
  },
  soap: () =>
    createSoapClient({ http, title: 'V', vendor: 'v', path: '/', wsdl: WSDL, fault: () => undefined }).call('Orders', { Page: 1 }, ask),
};

const before = process.memoryUsage.rss();
const loop = watchLoop();
loop.begin();
let kept: unknown;
let told = 'answered';
try {
  kept = await ways[way]?.();
} catch (error) {
  const { kind, code, message } = asTributaryError(error, 'Asking');
  told = `${kind} ${code}: ${message}`;
}
// Linux and macOS both tell kibibytes.
const peak = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ told, before, peak, stall: loop.end().stall, kept: kept === undefined ? 0 : 1 }));
process.exit();
