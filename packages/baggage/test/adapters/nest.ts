import type { Dye, IngressPolicy } from '@graylane/baggage';
import { getActiveLane } from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/connect';
import {
  All,
  Body,
  Catch,
  Controller,
  Module,
  Post,
  Req,
  Res,
  type ArgumentsHost,
  type DynamicModule,
  type ExceptionFilter,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Response } from 'express';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import 'reflect-metadata';

/** Decorators are applied as functions: the compilers of these tests do not emit metadata. */
type Decorator = (target: object, key: string, descriptor: PropertyDescriptor) => unknown;

/** A NestJS application whose only controller calls a handler, with our middleware in `main.ts`. */
export function throughNest(
  options: { readonly ingress?: IngressPolicy; readonly dye?: Dye<IncomingMessage> } | undefined,
  handler: RequestListener,
): RequestListener {
  class Everything {
    handle(request: IncomingMessage, response: ServerResponse): void {
      handler(request, response);
    }
  }
  Controller()(Everything);
  decorate(Everything, 'handle', All('{*path}'), Req(), Res());

  const root = { module: Everything, controllers: [Everything] };
  const ready = start(root, { bodyParser: false }, (app) => app.use(baggageMiddleware(options)));
  return (request, response) => void ready.then((listener) => listener(request, response));
}

/** An application as users of NestJS write it: middleware, routes, and a filter for exceptions. */
export async function nestApplication(
  ingress: IngressPolicy,
  dye: Dye<IncomingMessage>,
): Promise<RequestListener> {
  class Echo {
    echo(body: string): string {
      return `${getActiveLane()} ${body}`;
    }
    fail(): void {
      throw new Error('as planned');
    }
  }
  Controller()(Echo);
  decorate(Echo, 'echo', Post(['/', 'late']), Body());
  decorate(Echo, 'fail', Post('fails'));

  class Failed implements ExceptionFilter {
    catch(_error: unknown, host: ArgumentsHost): void {
      host.switchToHttp().getResponse<Response>().send(`failed ${getActiveLane()}`);
    }
  }
  Catch()(Failed);

  class Root implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      consumer.apply(baggageMiddleware({ dye })).forRoutes('late');
    }
  }
  Module({ controllers: [Echo] })(Root);

  return start(Root, {}, (app) => {
    app.use(baggageMiddleware({ ingress }));
    app.useBodyParser('text');
    app.useGlobalFilters(new Failed());
  });
}

/** Decorates a method, and its parameters in order. */
function decorate(
  { prototype }: { readonly prototype: object },
  name: string,
  method: MethodDecorator,
  ...parameters: readonly ParameterDecorator[]
): void {
  for (const [index, parameter] of parameters.entries()) parameter(prototype, name, index);
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  if (descriptor === undefined) throw new Error(`the controller has no method "${name}"`);
  (method as Decorator)(prototype, name, descriptor);
}

async function start(
  root: DynamicModule | (new () => NestModule),
  options: { readonly bodyParser?: false },
  configure: (app: NestExpressApplication) => void,
): Promise<RequestListener> {
  const app = await NestFactory.create<NestExpressApplication>(root, { logger: false, ...options });
  configure(app);
  await app.init();
  return app.getHttpAdapter().getInstance() as RequestListener;
}
