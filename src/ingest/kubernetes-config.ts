// Settings of reading one cluster's Kubernetes API, as part of the cluster's; who reads it is src/enrich/kubernetes.
import { z } from 'zod';

export const kubernetesConfig = z
  .strictObject({
    kubeconfig: z
      .string()
      .min(1)
      .optional()
      .describe('kubeconfig file; $KUBECONFIG or ~/.kube/config when left out'),
    context: z
      .string()
      .min(1)
      .optional()
      .describe('Context of the kubeconfig; its current one when left out'),
    inCluster: z
      .boolean()
      .default(false)
      .describe('Read the cluster this process runs in, with its service account'),
    namespace: z
      .string()
      .min(1)
      .default('kube-system')
      .describe('Namespace of the ConfigMap cilium-config'),
  })
  .refine(
    ({ inCluster, kubeconfig, context }) => !inCluster || (kubeconfig ?? context) === undefined,
    { path: ['inCluster'], message: 'inCluster takes neither kubeconfig nor context' },
  );
