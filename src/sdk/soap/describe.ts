/** A short description of the part of a SOAP service that is called. */
export interface ServiceDescription {
  readonly namespace: string;
  /** Name of the service; `<service>Soap` is its port. */
  readonly service: string;
  readonly location: string;
  /** The type whose element is sent as a header block with each call. */
  readonly header: string;
  /** Operations by name: members of the request, type of the rows of `<operation>Result`, and further members of the response. */
  readonly operations: Readonly<Record<string, { readonly asks: string; readonly row: string; readonly also?: string }>>;
  /** Members of each type. */
  readonly types: Readonly<Record<string, string>>;
}

const OCCURS = { '': '', '?': ' minOccurs="0"', '*': ' minOccurs="0" maxOccurs="unbounded"' } as const;

/**
 * Writes the WSDL of a service (SOAP 1.1, document/literal, ASP.NET's names): a live one is large and changes, so ours is never
 * fetched. Members are written as `Name type, Name type`, in the order of the service; `?` marks optional ones, `*` repeated ones, and
 * ` nil` those that may be nil.
 */
export function describeService({ namespace, service, location, header, operations, types }: ServiceDescription): string {
  const own = new Set([...Object.keys(types), ...Object.values(operations).map(({ row }) => `ArrayOf${row}`)]);

  function sequence(members: string): string {
    const parts = members
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map((part) => {
        const [, name, type = '', mark = '', nil] = /^(\w+) (\w+)([?*]?)( nil)?$/.exec(part) ?? [];
        if (name === undefined) throw new TypeError(`"${part}" does not describe a member of ${service}.`);
        return `<s:element name="${name}" type="${own.has(type) ? 'tns' : 's'}:${type}"${OCCURS[mark as keyof typeof OCCURS]}${nil === undefined ? '' : ' nillable="true"'}/>`;
      });
    return `<s:sequence>${parts.join('')}</s:sequence>`;
  }
  const each = (write: (name: string) => string): string => Object.keys(operations).map(write).join('\n');
  const elements = Object.entries(operations).map(
    ([name, { asks, row, also = '' }]) => `
<s:element name="${name}"><s:complexType>${sequence(asks)}</s:complexType></s:element>
<s:element name="${name}Response"><s:complexType>${sequence(`${name}Result ArrayOf${row}?, ${also}`)}</s:complexType></s:element>
<s:complexType name="ArrayOf${row}"><s:sequence><s:element name="${row}" type="tns:${row}" minOccurs="0" maxOccurs="unbounded" nillable="true"/></s:sequence></s:complexType>`,
  );
  const described = Object.entries(types).map(([name, members]) => `<s:complexType name="${name}">${sequence(members)}</s:complexType>`);

  return `<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="${namespace}" targetNamespace="${namespace}">
<wsdl:types><s:schema elementFormDefault="qualified" targetNamespace="${namespace}">${elements.join('')}
${described.join('\n')}
<s:element name="${header}" type="tns:${header}"/>
</s:schema></wsdl:types>
${each(
  (name) => `<wsdl:message name="${name}SoapIn"><wsdl:part name="parameters" element="tns:${name}"/></wsdl:message>
<wsdl:message name="${name}SoapOut"><wsdl:part name="parameters" element="tns:${name}Response"/></wsdl:message>
<wsdl:message name="${name}${header}"><wsdl:part name="${header}" element="tns:${header}"/></wsdl:message>`,
)}
<wsdl:portType name="${service}Soap">
${each((name) => `<wsdl:operation name="${name}"><wsdl:input message="tns:${name}SoapIn"/><wsdl:output message="tns:${name}SoapOut"/></wsdl:operation>`)}
</wsdl:portType>
<wsdl:binding name="${service}Soap" type="tns:${service}Soap"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
${each((name) => `<wsdl:operation name="${name}"><soap:operation soapAction="${namespace}${name}" style="document"/><wsdl:input><soap:body use="literal"/><soap:header message="tns:${name}${header}" part="${header}" use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>`)}
</wsdl:binding>
<wsdl:service name="${service}"><wsdl:port name="${service}Soap" binding="tns:${service}Soap"><soap:address location="${location}"/></wsdl:port></wsdl:service>
</wsdl:definitions>
`;
}
