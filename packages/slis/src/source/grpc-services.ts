import type { Expression } from 'oxc-parser';
import type { NotFollowed } from './findings.ts';
import { nameOf, Visitor, type Place, type SourceFile } from './syntax.ts';

/** A procedure of a gRPC service. */
export interface Procedure {
  /** `Payments/charge`. */
  readonly name: string;
  readonly at: Place;
  readonly comment: string;
}

/** Finds `server.addService(Payments.service, { charge, … })`. */
export function grpcServices(source: SourceFile): {
  readonly procedures: Procedure[];
  readonly notFollowed: NotFollowed[];
} {
  const procedures: Procedure[] = [];
  const notFollowed: NotFollowed[] = [];
  new Visitor({
    CallExpression: ({ callee, arguments: [service, handlers], start }) => {
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return;
      if (callee.property.name !== 'addService' || service === undefined || service.type === 'SpreadElement')
        return;
      const name = serviceName(service);
      if (name === undefined || handlers?.type !== 'ObjectExpression') {
        notFollowed.push({
          what: 'addService(…) whose handlers are not an object literal',
          at: source.at(start),
        });
        return;
      }
      for (const property of handlers.properties) {
        if (property.type !== 'Property' || property.key.type !== 'Identifier') {
          notFollowed.push({
            what: `a handler of ${name} without a plain name`,
            at: source.at(property.start),
          });
          continue;
        }
        const comment = source.comments.findLast(({ end }) => end <= property.start);
        const isRightBefore = comment && source.text(comment.end, property.start).trim() === '';
        procedures.push({
          name: `${name}/${property.key.name}`,
          at: source.at(property.start),
          comment: isRightBefore ? comment.value : '',
        });
      }
    },
  }).visit(source.program);
  return { procedures, notFollowed };
}

/** `Payments` of `proto.shop.Payments.service`, or of generated code's `PaymentsService`. */
function serviceName(node: Expression): string | undefined {
  const parts = (nameOf(node) ?? '').split('.').filter((part) => part !== '');
  if (parts.at(-1) === 'service') return parts.at(-2);
  return parts.at(-1)?.replace(/(?<=.)Service$/, '');
}
