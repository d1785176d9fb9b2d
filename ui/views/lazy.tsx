/** Parts that are loaded when they are first shown, so that the page itself is small. */
import type { ComponentType, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';

type Loaded<P> = { readonly default: ComponentType<P> };

/** A component that loads the real one, and shows nothing until it is there. */
export function lazy<P extends object>(load: () => Promise<Loaded<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | undefined;
  return function Lazy(props: P): VNode | null {
    const [Inner, setInner] = useState<ComponentType<P> | undefined>(() => loaded);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (Inner !== undefined) return;
      load().then(
        (module) => {
          loaded = module.default;
          setInner(() => module.default);
        },
        () => setFailed(true),
      );
    }, [Inner]);
    if (failed) return <p class="fault">This part of the page cannot be loaded: the server does not answer.</p>;
    return Inner === undefined ? null : <Inner {...props} />;
  };
}
