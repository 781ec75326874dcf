import type { Answer } from '../kit/http-server.ts';
import { OPERATIONS, ROW_TYPES } from './row-types.ts';

export const NAMESPACE = 'http://webservices.listrak.com/v31/';

export type Value = string | number | boolean | null | readonly string[] | VendorRow;
export interface VendorRow {
  readonly [element: string]: Value;
}

const MARKS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
export const escapeXml = (text: string): string =>
  /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (mark) => MARKS[mark] as string) : text;

const xml = (status: number, body: string): Answer => ({ status, headers: { 'content-type': 'text/xml; charset=utf-8' }, body });

export function envelope(inner: string, status = 200): Answer {
  return xml(
    status,
    `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body>${inner}</soap:Body></soap:Envelope>`,
  );
}

export function fault(text: string, code = 'soap:Server', status = 500): Answer {
  return envelope(`<soap:Fault><faultcode>${code}</faultcode><faultstring>${escapeXml(text)}</faultstring><detail /></soap:Fault>`, status);
}

export const response = (operation: string, inner: string): Answer =>
  envelope(`<${operation}Response xmlns="${NAMESPACE}">${inner}</${operation}Response>`);

export const rowXml = (type: string, row: VendorRow): string => `<${type}>${members(type, row)}</${type}>`;

function members(type: string, row: VendorRow): string {
  let text = '';
  for (const [name, kind] of ROW_TYPES[type] ?? []) {
    const value = row[name];
    if (value === null || value === undefined) {
      if (kind.endsWith('!')) throw new Error(`${type} needs a ${name}.`);
      continue;
    }
    if (Array.isArray(value)) for (const one of value as readonly string[]) text += element(name, one);
    else if (typeof value === 'object') text += `<${name}>${members(kind, value as VendorRow)}</${name}>`;
    else text += element(name, String(value));
  }
  // Members that a later version of the service adds.
  for (const [name, value] of Object.entries(row))
    if (name.startsWith('New') && !(ROW_TYPES[type] ?? []).some(([known]) => known === name)) text += element(name, String(value));
  return text;
}

const element = (name: string, text: string): string => (text === '' ? `<${name} />` : `<${name}>${escapeXml(text)}</${name}>`);

/** The WSDL of the simulated operations. */
export function wsdl(address: string): string {
  const sequence = (parts: readonly (readonly [string, string])[]): string =>
    `<s:complexType><s:sequence>${parts
      .map(([name, kind]) => {
        const type = kind.replace(/[!*]$/, '');
        const occurs = kind.endsWith('*')
          ? 'minOccurs="0" maxOccurs="unbounded"'
          : type === 'string' || (type.startsWith('WS') && !kind.endsWith('nil'))
            ? 'minOccurs="0" maxOccurs="1"'
            : 'minOccurs="1" maxOccurs="1"';
        const plain = type.replace(/ nil$/, '');
        return `<s:element ${occurs} name="${name}"${type.endsWith(' nil') ? ' nillable="true"' : ''} type="${plain.startsWith('WS') || plain.startsWith('ArrayOf') ? 'tns' : 's'}:${plain}" />`;
      })
      .join('')}</s:sequence></s:complexType>`;
  const type = (name: string, parts: readonly (readonly [string, string])[]): string =>
    sequence(parts).replace('<s:complexType>', `<s:complexType name="${name}">`);
  const exception: [string, string] = ['WSException', 'WSException nil'];
  const elements = Object.entries(OPERATIONS).map(
    ([name, { row, exception: has, asks }]) =>
      `<s:element name="${name}">${sequence([...asks, ...(has ? [exception] : [])])}</s:element>` +
      `<s:element name="${name}Response">${sequence([[`${name}Result`, `ArrayOf${row}`], ...(has ? [exception] : [])]).replace(`minOccurs="1" maxOccurs="1" name="${name}Result"`, `minOccurs="0" maxOccurs="1" name="${name}Result"`)}</s:element>` +
      `<s:complexType name="ArrayOf${row}"><s:sequence><s:element minOccurs="0" maxOccurs="unbounded" name="${row}" nillable="true" type="tns:${row}" /></s:sequence></s:complexType>`,
  );
  const types = [
    ...Object.entries(ROW_TYPES).map(([name, parts]) => type(name, parts)),
    type('WSUser', [
      ['UserName', 'string'],
      ['Password', 'string'],
    ]),
    '<s:element name="WSUser" type="tns:WSUser" />',
    type('WSException', [
      ['SoapMethod', 'string'],
      ['DateTime', 'dateTime nil'],
      ['Description', 'string'],
    ]),
  ];
  const each = (write: (name: string) => string): string => Object.keys(OPERATIONS).map(write).join('');
  return (
    `<?xml version="1.0" encoding="utf-8"?><wsdl:definitions xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:tns="${NAMESPACE}" xmlns:s="http://www.w3.org/2001/XMLSchema" targetNamespace="${NAMESPACE}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/">` +
    `<wsdl:types><s:schema elementFormDefault="qualified" targetNamespace="${NAMESPACE}">${elements.join('')}${types.join('')}</s:schema></wsdl:types>` +
    each(
      (name) =>
        `<wsdl:message name="${name}SoapIn"><wsdl:part name="parameters" element="tns:${name}" /></wsdl:message><wsdl:message name="${name}SoapOut"><wsdl:part name="parameters" element="tns:${name}Response" /></wsdl:message><wsdl:message name="${name}WSUser"><wsdl:part name="WSUser" element="tns:WSUser" /></wsdl:message>`,
    ) +
    `<wsdl:portType name="IntegrationServiceSoap">${each((name) => `<wsdl:operation name="${name}"><wsdl:input message="tns:${name}SoapIn" /><wsdl:output message="tns:${name}SoapOut" /></wsdl:operation>`)}</wsdl:portType>` +
    `<wsdl:binding name="IntegrationServiceSoap" type="tns:IntegrationServiceSoap"><soap:binding transport="http://schemas.xmlsoap.org/soap/http" />${each((name) => `<wsdl:operation name="${name}"><soap:operation soapAction="${NAMESPACE}${name}" style="document" /><wsdl:input><soap:body use="literal" /><soap:header message="tns:${name}WSUser" part="WSUser" use="literal" /></wsdl:input><wsdl:output><soap:body use="literal" /></wsdl:output></wsdl:operation>`)}</wsdl:binding>` +
    `<wsdl:service name="IntegrationService"><wsdl:port name="IntegrationServiceSoap" binding="tns:IntegrationServiceSoap"><soap:address location="${address}" /></wsdl:port></wsdl:service></wsdl:definitions>`
  );
}
