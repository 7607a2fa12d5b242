import { Injectable, type Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { ExtensionFamily } from './extension-family.js';

/** What {@link MeshExtension} can say beside the family and the name. */
export interface ExtensionOptions {
  /**
   * Rank within the family, higher first: where one implementation is used, the highest is; where all are used, they run
   * in this order. Default 0, which is also the rank of what is built in.
   */
  priority?: number;
  /** Name of the one mesh that it serves, in an application with several. Default: all of them. */
  mesh?: string;
}

/** One mark that {@link MeshExtension} left on a class. */
export interface ExtensionMark extends ExtensionOptions {
  readonly family: string;
  readonly name: string;
}

/** How marked classes are found. @internal */
export const ExtensionMarks = DiscoveryService.createDecorator<readonly ExtensionMark[]>();

/**
 * Makes a provider an implementation of a family. The class is an ordinary Nest provider: list it in the `providers` of
 * any module. With the name of a built-in implementation it takes that one's place; two providers of one name are refused
 * when the application starts. A class may implement several families, with one decorator for each.
 *
 * @example
 * \@MeshExtension(BALANCER, 'first')
 * class FirstBalancer implements Balancer { … }
 */
export function MeshExtension<T>(
  family: ExtensionFamily<T>,
  name: string,
  options: ExtensionOptions = {},
): (target: Type<T>) => void {
  return (target) => {
    const marks = (Reflect.getOwnMetadata(ExtensionMarks.KEY, target) as readonly ExtensionMark[] | undefined) ?? [];
    ExtensionMarks([...marks, { ...options, family: family.name, name }])(target);
    Injectable()(target);
  };
}
